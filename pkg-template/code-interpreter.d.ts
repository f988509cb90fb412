// What the official package for code has, under its names: an alias of it can point here.

export type {
  CodeContext,
  CodeInterpreterCreateOptions,
  Codes,
  SupportedLanguage,
} from "./types/code-interpreter.js";
export { CodeInterpreter, SupportedLanguages } from "./types/code-interpreter.js";
export type {
  Execution,
  ExecutionComplete,
  ExecutionError,
  ExecutionHandlers,
  ExecutionInit,
  ExecutionResult,
  OutputMessage,
} from "./types/execution.js";
