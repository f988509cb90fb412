// The code editor: CodeMirror with one state per language, so that each keeps its own undo history and cursor.

import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  StreamLanguage,
  syntaxHighlighting,
} from "@codemirror/language";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { LANGUAGES, type Language, PROGRAMS } from "./programs.ts";

const MODES: Record<Language, () => Extension> = {
  bash: () => [StreamLanguage.define(shell), indentUnit.of("  ")],
  python: () => [python(), indentUnit.of("    ")],
};

/** The colours are in style/tokens.css, for light and dark. */
const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.comment, tags.meta], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  {
    tag: [tags.function(tags.variableName), tags.definition(tags.function(tags.variableName)), tags.className],
    color: "var(--code-function)",
  },
  {
    tag: [tags.standard(tags.name), tags.special(tags.variableName), tags.definition(tags.variableName)],
    color: "var(--code-name)",
  },
  { tag: [tags.operator, tags.punctuation], color: "var(--code-operator)" },
]);

/** For a key that needs no further looking after. */
const handled = (act: () => void) => () => {
  act();
  return true;
};

export interface EditorOptions {
  drafts: Record<Language, string>;
  language: Language;
  changed: (language: Language, code: string) => void;
  run: () => void;
  leave: () => void;
}

export class Editor {
  language: Language;
  readonly #view: EditorView;
  readonly #states: Record<Language, EditorState>;

  constructor(parent: HTMLElement, { drafts, language, changed, run, leave }: EditorOptions) {
    this.language = language;
    const common: Extension = [
      // Before the default keys, which would add a line.
      Prec.highest(keymap.of([{ key: "Mod-Enter", run: handled(run) }])),
      lineNumbers(),
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
      syntaxHighlighting(highlighting),
      EditorView.lineWrapping,
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, indentWithTab]),
      // Last: Escape first closes what is open and drops further cursors.
      Prec.lowest(keymap.of([{ key: "Escape", run: handled(leave) }])),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) changed(this.language, update.state.doc.toString());
      }),
    ];
    const state = (one: Language) =>
      EditorState.create({
        doc: drafts[one],
        extensions: [
          common,
          MODES[one](),
          EditorView.contentAttributes.of({
            "aria-label": `${PROGRAMS[one].name} code. Escape leaves the editor.`,
            autocapitalize: "off",
            spellcheck: "false",
          }),
        ],
      });
    this.#states = Object.fromEntries(LANGUAGES.map((one) => [one, state(one)])) as Record<Language, EditorState>;
    this.#view = new EditorView({ parent, state: this.#states[language] });
  }

  get code(): string {
    return this.#view.state.doc.toString();
  }

  show(language: Language): void {
    if (language === this.language) return;
    this.#states[this.language] = this.#view.state;
    this.language = language;
    this.#view.setState(this.#states[language]);
  }

  /** Replaces the text, as one step that undo takes back. */
  replace(code: string): void {
    const { doc } = this.#view.state;
    this.#view.dispatch({
      changes: { from: 0, to: doc.length, insert: code },
      selection: { anchor: 0 },
      scrollIntoView: true,
    });
  }

  focus(): void {
    this.#view.focus();
  }
}
