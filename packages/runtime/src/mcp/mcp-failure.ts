/** An MCP server does not do what it should; the message is for the caller. */
export class McpFailure extends Error {}
