//! Finding out what became of a change whose result is not known.

use streamform_lang::value::Value;

use super::DeclaredProvider;
use super::finish;
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
                    &planned,
                    request.checkpoint.as_ref(),
                    &request.started_at,
                    &request.known_ids,
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
        match entry.ty.read(client, &prior).await? {
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
