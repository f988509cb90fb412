//! A lock that does not care whether another holder panicked.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is inside is replaced in one go, so there is nothing half-done to be afraid of.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
