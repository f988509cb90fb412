// WebAssembly itself, which the types of Node leave to the DOM's.

declare global {
  namespace WebAssembly {
    interface Module {}
  }
}

export {};
