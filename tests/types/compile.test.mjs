// The types as applications see them, with the TypeScript that the project uses itself. tests/oldest-types does it with the oldest.
import { fileURLToPath } from "node:url";
import { compileFixtures } from "./fixtures.mjs";

compileFixtures(fileURLToPath(new URL("../../node_modules", import.meta.url)));
