// Runs vectors/teleport/*.json through the WebAssembly module named on the command line.
import { deepStrictEqual, strictEqual } from "node:assert";
import { readFileSync, readdirSync } from "node:fs";

const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), {});
const wasm = instance.exports;
// Views are made anew for each use, since any call may grow the memory and detach older ones.
const text = (len) =>
    new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, wasm.output(), len));

const types = new Map();
for (let index = 0, len; (len = wasm.type_name(index)) > 0; index++) types.set(text(len), index);

const folder = new URL("../vectors/teleport/", import.meta.url);
let cases = 0;
for (const name of readdirSync(folder)) {
    const file = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
    const index = types.get(file.type);
    strictEqual(BigInt.asUintN(64, wasm.type_hash(index)).toString(16).padStart(16, "0"), file.hash);
    types.delete(file.type);
    for (const row of file.cases) {
        const bytes = Buffer.from(row.hex, "hex");
        const at = wasm.reserve(bytes.length);
        new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes);
        const len = wasm.judge(index);
        const what = `${file.type}: ${row.case}`;
        if (len < 0) strictEqual(text(-len), row.error, what);
        else deepStrictEqual(JSON.parse(text(len)), row.value, what);
        cases++;
    }
}
strictEqual(types.size, 0, "a type without vectors");
console.log(`${cases} vectors, the same under wasm32 as native`);
