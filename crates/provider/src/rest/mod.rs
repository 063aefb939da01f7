//! HTTP for types that stand on a REST API: retries, waits, pagination.
