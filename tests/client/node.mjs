// node node.mjs STAGE SCRIPT PACKAGE: run a script with a client on node.

import { run } from "./harness.mjs";

const [stage, script, client] = process.argv.slice(2);
const { default: begin } = await import(`./${script}`);
const Client = await import(client);
await run(stage, (world) => begin(Client, world));
