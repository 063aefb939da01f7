//! Secrets by value; the plan knows them.

pub(crate) use crate::plan::Redactor;
