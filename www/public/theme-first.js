// Before the first paint, so that a chosen theme does not flash: the page's policy allows no inline script.
try {
  const theme = localStorage.getItem("opensandbox.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's theme it is.
}
