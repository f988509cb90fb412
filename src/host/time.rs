//! The clock and waiting.

use crate::host::js;
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Milliseconds since 1970.
pub fn now() -> f64 {
    js_sys::Date::now()
}

/// Waits; ends early when one of the signals fires. The caller then looks at them.
pub async fn sleep(ms: f64, signals: &Array) -> Result<(), JsValue> {
    JsFuture::from(js::sleep(ms, signals)?).await.map(|_| ())
}

/// The result of `work`, or `undefined` after `ms` or when one of the signals fires.
pub async fn within(work: &JsValue, ms: f64, signals: &Array) -> Result<JsValue, JsValue> {
    JsFuture::from(js::within(work, ms, signals)?).await
}
