// What all dialogs share: a click beside one closes it, and so do the buttons marked with data-close.

export function setUpDialogs(): void {
  for (const dialog of document.querySelectorAll("dialog")) {
    for (const button of dialog.querySelectorAll("[data-close]"))
      button.addEventListener("click", () => dialog.close());
    let outside = false;
    // Both ends of the click: selecting text and letting go outside must not close it.
    dialog.addEventListener("pointerdown", (event) => {
      outside = event.target === dialog;
    });
    dialog.addEventListener("click", (event) => {
      if (outside && event.target === dialog) dialog.close();
    });
  }
}
