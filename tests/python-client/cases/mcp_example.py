"""An MCP server over stdio with no dependency, and the configuration that starts it in a sandbox."""

PATH = "/workspace/mcp_example_server.py"

SOURCE = '''
import json, os, sys

TOOLS = [
    {
        "name": "add",
        "description": "Adds two numbers.",
        "inputSchema": {
            "type": "object",
            "properties": {"a": {"type": "number"}, "b": {"type": "number"}},
            "required": ["a", "b"],
        },
    },
    {
        "name": "greeting",
        "description": "Tells the variable GREETING.",
        "inputSchema": {"type": "object", "properties": {}},
    },
]

def call(name, arguments):
    if name == "add":
        return str(arguments["a"] + arguments["b"])
    return os.environ["GREETING"]

def answer(method, params):
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "example", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        try:
            text = call(params["name"], params.get("arguments") or {})
            return {"content": [{"type": "text", "text": text}], "isError": False}
        except Exception as error:
            return {"content": [{"type": "text", "text": repr(error)}], "isError": True}
    return {}

for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        result = answer(message["method"], message.get("params") or {})
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
'''


def config(name, greeting="hello"):
    server = {"command": "python3", "args": [PATH], "env": {"GREETING": greeting}}
    return {"mcpServers": {name: server}}
