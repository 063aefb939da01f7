//! Finding out what became of a change whose result is not known.

use streamform_lang::value::Path;
use streamform_lang::value::Step;
use streamform_lang::value::Value;

use super::DeclaredProvider;
use super::finish;
use super::refused_access;
use crate::declared::LostCreate;
use crate::protocol::Findings;
use crate::protocol::RecoverRequest;
use crate::protocol::Recovery;
use crate::schema;

impl<C: Send + Sync + 'static> DeclaredProvider<C> {
    pub(super) async fn recover_one(&self, request: RecoverRequest) -> Result<Recovery, Findings> {
        let (entry, client) = self.both(&request.type_name).map_err(|d| vec![d])?;
        let block = &entry.known().schema.block;
        let (planned, _) = request.planned.unmark_deep();
        let (prior, _) = request.prior.unmark_deep();
        let finished = |value: &Value| finish(value, &planned, block).map_err(|d| vec![d]);
        if prior.is_null() {
            let found = entry
                .ty
                .recover_create(
                    client,
                    &LostCreate {
                        planned: &planned,
                        checkpoint: request.checkpoint.as_ref(),
                        started_at: &request.started_at,
                        known_ids: &request.known_ids,
                        chosen: request.chosen.as_deref(),
                    },
                )
                .await?;
            return Ok(match found {
                Recovery::Done(value, private) if !value.is_null() => {
                    Recovery::Done(finished(&value)?, private)
                }
                Recovery::Partial(value, private) => Recovery::Partial(finished(&value)?, private),
                other => other,
            });
        }
        let gone = || Recovery::Done(Value::null(block.implied_type()), request.private.clone());
        if planned.is_null() {
            return Ok(if entry.ty.recover_delete(client, &prior).await? {
                gone()
            } else {
                Recovery::NotDone
            });
        }
        let read = match entry.ty.read(client, &prior).await {
            // The change may have been made because these credentials are no longer good: those that it brings may be.
            Err(findings) => {
                let access = refused_access(&*entry.ty, &prior, &findings);
                let newer = with_access(&prior, &planned, &access);
                if newer == prior {
                    return Err(findings);
                }
                entry.ty.read(client, &newer).await?
            }
            Ok(read) => read,
        };
        match read {
            None => Ok(gone()),
            Some(value) => {
                let whole = finished(&value)?;
                if schema::consistent(&planned, &whole, block).is_empty() {
                    return Ok(Recovery::Done(whole, request.private.clone()));
                }
                // Done in part or not at all: the object as it is tells the planner what is left to do.
                let value = finish(&value, &prior, block).map_err(|d| vec![d])?;
                Ok(Recovery::Done(value, request.private.clone()))
            }
        }
    }
}

/// The object with its credentials as they were to become.
fn with_access(prior: &Value, planned: &Value, access: &[Path]) -> Value {
    access.iter().fold(prior.clone(), |object, path| {
        match (path.steps().first(), planned.at(path)) {
            (Some(Step::Attr(name)), Some(new)) if new.is_wholly_known() => {
                object.with_attr(name.clone(), new.clone())
            }
            _ => object,
        }
    })
}
