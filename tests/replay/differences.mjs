// Recorded answers that this server gives differently on purpose, each with the reason. A name listed here that turns
// out equal fails the replay: the list must not be longer than the truth.
const NO_JUPYTER = "execd runs without Jupyter: languages that need a kernel are refused";

export const execd = {
  "code-context-create": `${NO_JUPYTER}; the real one without Jupyter never answers this`,
  ...Object.fromEntries(
    [
      "code-value-0",
      "code-value-1",
      "code-value-2",
      "code-value-3",
      "code-value-4",
      "code-value-5",
      "code-stdout",
      "code-stdout-slow",
      "code-stderr",
      "code-exception",
      "code-name-error",
      "code-syntax-error",
      "code-html",
      "code-json",
      "code-png",
      "code-multi-output",
      "code-big-stdout",
      "code-unicode",
    ].map((name) => [name, NO_JUPYTER]),
  ),
  "contexts-list": "without kernels there are no contexts to list",
  "context-delete": "without kernels there is no context to delete: 404",
};
