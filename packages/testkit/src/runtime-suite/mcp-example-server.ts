/**
 * An MCP server with nothing but Python's own library, for a sandbox that has no network. Its tools: `say` (gives its text back),
 * `wait` (takes some seconds), `die` (ends the server), `greet` (tells the variable GREETING and whether it sees a token), `big`,
 * and once `grow` was called, `grown`.
 */
export const mcpExampleServer = `
import json, os, sys, threading, time

lock = threading.Lock()
cancelled = set()
tools = {name: {"name": name, "description": "Does " + name, "inputSchema": {
    "type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"] if name == "say" else [],
    "additionalProperties": False, "$defs": {"kept": {"type": "null"}}}}
    for name in ["say", "wait", "die", "greet", "big", "grow", "structured", "refuse"]}

def send(message):
    with lock:
        print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

def text(value):
    return {"content": [{"type": "text", "text": value}]}

def call(name, arguments, id):
    if name == "say":
        return text(arguments["text"])
    if name == "wait":
        for _ in range(int(float(arguments["text"]) * 20)):
            if id in cancelled:
                open("cancelled", "w").write("yes")
                return text("cancelled")
            time.sleep(0.05)
        return text("waited")
    if name == "die":
        print("last words", file=sys.stderr, flush=True)
        os._exit(3)
    if name == "greet":
        token = "SECRET_TOKEN" in os.environ or "SECRET_TOKEN_FD" in os.environ
        return text(f"{os.environ.get('GREETING')} {os.getcwd()} {token}")
    if name == "big":
        return text("x" * int(arguments["text"]))
    if name == "structured":
        return {"content": [], "structuredContent": {"answer": 42}, "_meta": {"m": 1}, "isError": True}
    if name == "grow":
        tools["grown"] = {"name": "grown", "inputSchema": {"type": "object"}}
        send({"method": "notifications/tools/list_changed"})
        return text("grew")
    raise ValueError("no such tool")

def answer(message):
    id, method, params = message["id"], message["method"], message.get("params") or {}
    try:
        if method == "initialize":
            result = {"protocolVersion": params["protocolVersion"], "serverInfo": {"name": "example", "version": "1"},
                      "capabilities": {"tools": {"listChanged": True}}}
        elif method == "tools/list":
            names = list(tools)
            start = int(params.get("cursor") or 0)
            result = {"tools": [tools[name] for name in names[start:start + 3]]}
            if start + 3 < len(names):
                result["nextCursor"] = str(start + 3)
        elif method == "tools/call":
            result = call(params["name"], params.get("arguments") or {}, id)
        else:
            result = {}
        send({"id": id, "result": result})
    except Exception as error:
        send({"id": id, "error": {"code": -32602, "message": str(error)}})

if "--mute" in sys.argv:
    time.sleep(600)
print("this is no message", flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "notifications/cancelled":
        cancelled.add(message["params"]["requestId"])
    elif "id" in message:
        threading.Thread(target=answer, args=[message], daemon=True).start()
`
