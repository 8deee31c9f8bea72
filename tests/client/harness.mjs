// What the scripts of these tests say their checks with, on node as in a page.

let stage;
let world;
let rows = [];

async function post(path, value) {
  const answer = await fetch(stage + path, { method: "POST", body: JSON.stringify(value) });
  return answer.json();
}

function show(note) {
  return note instanceof Error ? `${note}\n${note.stack}` : JSON.stringify(note);
}

export function ok(good, text, ...notes) {
  rows.push({ ok: Boolean(good), text, notes: good ? [] : notes.map(show) });
  return Boolean(good);
}

export function equal(got, want, text) {
  return ok(JSON.stringify(got) === JSON.stringify(want), text, { got, want });
}

// The promise must be rejected by an error with these fields.
export async function refused(promise, want, text) {
  try {
    const value = await promise;
    return ok(false, text, { "was accepted": value });
  } catch (error) {
    const fits = (name) => want[name] instanceof RegExp ? want[name].test(error[name]) : error[name] === want[name];
    const wrong = Object.keys(want).filter((name) => !fits(name));
    return ok(!wrong.length, text, wrong.map((name) => [name, error[name], String(want[name])]), error);
  }
}

// A promise that must not be rejected: its value.
export async function works(promise, text) {
  try {
    const value = await promise;
    ok(true, text);
    return value;
  } catch (error) {
    ok(false, text, error);
    throw error;
  }
}

export async function group(name, run) {
  try {
    await run();
  } catch (error) {
    ok(false, `${name} ran to its end`, error);
  }
  await flush();
}

async function flush() {
  const told = rows;
  rows = [];
  await post("/tell", told);
}

// Something that the test does for the script: see stage.py.
export async function control(name, ...argv) {
  const { value, error } = await post("/control", { do: name, with: argv });
  if (error) {
    throw new Error(error);
  }
  return value;
}

// The calls of the client since the last time, as "GET /auth/profile".
export async function calls() {
  return control("calls");
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Run one script, and say that it has ended.
export async function run(url, script) {
  stage = url;
  try {
    world = await (await fetch(`${stage}/world.json`)).json();
    await script(world);
  } catch (error) {
    ok(false, "the script ran to its end", error);
  }
  rows.push({ done: true });
  await flush();
}
