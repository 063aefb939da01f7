//! The canonical layout of a configuration file.
