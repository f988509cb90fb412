//! The methods of an exported class behind one export: wasm-bindgen spends 300 bytes on each export of its own, to check the
//! object and to keep it from being freed, and JavaScript as much again.
//!
//! The number of a method is its place in its table. `scripts/method-names.mjs` reads the names out of the tables, and
//! `pkg-template/api.js` puts them on the prototypes.

use crate::host::failure::Failure;
use js_sys::Promise;
use wasm_bindgen::JsValue;

/// What a method may give.
pub trait Given {
    /// As JavaScript gets it: a value, or what is thrown.
    fn given(self) -> Result<JsValue, JsValue>;
}

impl Given for Promise {
    fn given(self) -> Result<JsValue, JsValue> {
        Ok(self.into())
    }
}

impl Given for JsValue {
    fn given(self) -> Result<JsValue, JsValue> {
        Ok(self)
    }
}

impl Given for Result<JsValue, Failure> {
    fn given(self) -> Result<JsValue, JsValue> {
        self.map_err(JsValue::from)
    }
}

/// Makes `invoke` of a class. A line is `"name in JavaScript" => name_in_rust(_, _)`, with a `_` for each argument; `get` stands
/// before what is read without being called. (`$mark` never is there: what may be left out must have a variable in it.)
macro_rules! methods {
    ($class:ident: $($(get $(@$mark:tt)?)? $name:literal => $method:ident($($argument:tt),*),)*) => {
        impl $class {
            /// The names, in the order of the numbers.
            #[allow(dead_code)]
            pub const METHODS: &'static [&'static str] = &[$($name),*];
        }

        #[wasm_bindgen::prelude::wasm_bindgen]
        impl $class {
            /// The methods, by their numbers. Not for users.
            #[allow(unused_assignments, unused_variables, clippy::too_many_arguments)]
            pub fn invoke(
                &self,
                number: u32,
                a: &wasm_bindgen::JsValue,
                b: &wasm_bindgen::JsValue,
                c: &wasm_bindgen::JsValue,
                d: &wasm_bindgen::JsValue,
                e: &wasm_bindgen::JsValue,
            ) -> Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue> {
                let mut next = 0;
                $(
                    if number == next {
                        let given = crate::api::methods::with!(self.$method; $($argument)*; a b c d e);
                        return crate::api::methods::Given::given(given);
                    }
                    next += 1;
                )*
                Ok(wasm_bindgen::JsValue::UNDEFINED)
            }
        }
    };
}

/// Calls a method with the first few arguments.
macro_rules! with {
    ($this:ident.$method:ident; ; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $this.$method()
    };
    ($this:ident.$method:ident; _; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $this.$method($a)
    };
    ($this:ident.$method:ident; _ _; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $this.$method($a, $b)
    };
    ($this:ident.$method:ident; _ _ _; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $this.$method($a, $b, $c)
    };
    ($this:ident.$method:ident; _ _ _ _; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $this.$method($a, $b, $c, $d)
    };
    ($this:ident.$method:ident; _ _ _ _ _; $a:ident $b:ident $c:ident $d:ident $e:ident) => {
        $this.$method($a, $b, $c, $d, $e)
    };
}

pub(crate) use methods;
pub(crate) use with;
