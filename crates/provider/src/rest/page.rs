//! Lists that come in pages.

use serde_json::Value as Json;

use super::CallError;
use super::Client;
use super::Failure;
use super::Patience;

/// More pages than any real list has: a server that answers forever is found out.
const MOST_PAGES: usize = 10_000;

impl Client {
    /// All members of a list (`data`), following `metadata.next` with its `page_token`.
    ///
    /// # Errors
    ///
    /// A page could not be read, or the pages never end.
    pub async fn list(
        &self,
        path: &str,
        query: &[(&str, &str)],
        page_size: u32,
        patience: Patience<'_>,
    ) -> Result<Vec<Json>, CallError> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut call = self.get(path).during(patience);
            for (name, value) in query {
                call = call.query(name, *value);
            }
            call = call.query("page_size", page_size.to_string());
            if let Some(token) = &token {
                call = call.query("page_token", token);
            }
            let mut page = call.json().await?;
            if let Some(Json::Array(items)) = page.get_mut("data").map(Json::take) {
                all.extend(items);
            }
            match next_token(&page["metadata"]["next"]) {
                Some(next) if token.as_ref() != Some(&next) => token = Some(next),
                _ => return Ok(all),
            }
        }
        Err(CallError::new(
            Failure::Unusable(format!("The list {path} did not end after {MOST_PAGES} pages.")),
            "GET",
            path,
        ))
    }
}

/// The token in the URL of the next page; null, empty or absent: this was the last one.
fn next_token(next: &Json) -> Option<String> {
    let next = next.as_str().filter(|n| !n.is_empty())?;
    let query = next.split_once('?')?.1;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("page_token="))
        .filter(|t| !t.is_empty())
        .map(|t| super::unescape(&t.replace('+', " ")))
}
