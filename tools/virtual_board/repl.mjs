// MicroPython's own raw REPL on stdin and stdout, as a board has it on its serial port.
// Arguments: micropython.mjs, and the file with the board's files ({path: base64}), read at the start and written when
// the board resets out of the friendly REPL or its power goes (end of stdin).
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [module, treeFile] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(module).href);
const SOFT_RESET = 0x100; // PYEXEC_FORCED_EXIT
const FOREIGN = ["tmp", "home", "dev", "proc"]; // what Emscripten puts into the root

let board;
let muted = false;
let tail = ""; // of the output: tells the raw prompt from the friendly one
let ask = []; // a raw-paste request in the making

function say(data) {
    if (muted) return;
    const bytes = Buffer.from(data);
    tail = (tail + bytes.toString("latin1")).slice(-40);
    fs.writeSync(1, bytes);
}

async function boot(files, quiet) {
    muted = quiet;
    board = await loadMicroPython({ heapsize: 1 << 20, linebuffer: false, stdout: say });
    for (const [path, text] of Object.entries(files)) {
        const parts = path.split("/");
        for (let n = 1; n < parts.length; n++) {
            const folder = "/" + parts.slice(0, n).join("/");
            if (!board.FS.analyzePath(folder).exists) board.FS.mkdir(folder);
        }
        board.FS.writeFile("/" + path, Buffer.from(text, "base64"));
    }
    board.replInit();
    muted = false;
}

function tree(folder = "") {
    const files = {};
    for (const name of board.FS.readdir("/" + folder)) {
        const path = folder ? `${folder}/${name}` : name;
        if (name === "." || name === ".." || FOREIGN.includes(path)) continue;
        if (board.FS.isDir(board.FS.stat("/" + path).mode)) Object.assign(files, tree(path));
        else files[path] = Buffer.from(board.FS.readFile("/" + path)).toString("base64");
    }
    return files;
}

function powerOff() {
    fs.writeFileSync(treeFile, JSON.stringify(tree()));
    process.exit(0);
}

const raw = () => tail.endsWith("raw REPL; CTRL-B to exit\r\n>") || tail.endsWith("\x04>");

async function reset() {
    const wasRaw = /[\n\x04]>OK\r\n$/.test(tail);
    say("MPY: soft reboot\r\n");
    if (!wasRaw) powerOff();
    await boot(tree(), true);
    board.replProcessChar(1);
}

async function hear(byte) {
    // This build reads a raw paste from a blocking stdin that it does not have; "R\x00" is the protocol's word for
    // a board without raw paste, and the host goes on with the plain raw REPL.
    if (ask.length || (byte === 5 && raw())) {
        ask.push(byte);
        if (ask.length === 3) {
            ask = [];
            say("R\x00");
            tail = "\x04>";
        }
        return;
    }
    if (board.replProcessChar(byte) & SOFT_RESET) await reset();
}

await boot(JSON.parse(fs.readFileSync(treeFile, "utf8")), false);
for await (const chunk of process.stdin) for (const byte of chunk) await hear(byte);
powerOff();
