// What was typed, per language, kept in this browser. Without a draft there is the example that the tab began with.

import { EXAMPLES, type Example, firstExample } from "./examples.ts";
import { LANGUAGES, type Language } from "./programs.ts";
import { browserStore } from "./storage.ts";

const SAVE_MS = 300;

interface Draft {
  example: string;
  /** Missing: the example as it is. */
  code?: string;
}

export class Drafts {
  readonly #drafts: Record<Language, Draft>;
  readonly #unsaved = new Set<Language>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#drafts = Object.fromEntries(LANGUAGES.map((language) => [language, load(language)])) as Record<
      Language,
      Draft
    >;
    addEventListener("pagehide", () => this.#save());
  }

  get language(): Language {
    return LANGUAGES.find((language) => language === browserStore.get("language")) ?? "python";
  }

  set language(language: Language) {
    browserStore.set("language", language);
  }

  example(language: Language): Example {
    const { example } = this.#drafts[language];
    return EXAMPLES.find(({ id, language: of }) => id === example && of === language) ?? firstExample(language);
  }

  code(language: Language): string {
    return this.#drafts[language].code ?? this.example(language).code;
  }

  /** Whether there is anything of the reader's own. */
  edited(language: Language): boolean {
    return this.#drafts[language].code !== undefined;
  }

  set(language: Language, code: string, example = this.example(language)): void {
    this.#drafts[language] = code === example.code ? { example: example.id } : { example: example.id, code };
    this.#unsaved.add(language);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), SAVE_MS);
  }

  #save(): void {
    for (const language of this.#unsaved) browserStore.set(`draft.${language}`, JSON.stringify(this.#drafts[language]));
    this.#unsaved.clear();
  }
}

function load(language: Language): Draft {
  try {
    const { example, code } = JSON.parse(browserStore.get(`draft.${language}`) ?? "") as Record<string, unknown>;
    if (typeof example === "string") return typeof code === "string" ? { example, code } : { example };
  } catch {
    // Nothing there, or nothing that we wrote.
  }
  return { example: firstExample(language).id };
}
