import type { ToolDescription } from '@runtime-sandbox/core'

function genericTool(
  name: string,
  description: string,
  property: string,
  propertyDescription: string,
): ToolDescription {
  return {
    name,
    json_schema: {
      type: 'function',
      function: {
        name,
        description,
        parameters: {
          type: 'object',
          properties: { [property]: { type: 'string', description: propertyDescription } },
          required: [property],
        },
      },
    },
  }
}

/** The tools that every sandbox has; list_tools shows them under `generic`. */
export const genericTools: Readonly<Record<string, ToolDescription>> = {
  run_ipython_cell: genericTool('run_ipython_cell', 'Run an IPython cell.', 'code', 'IPython code to execute'),
  run_shell_command: genericTool('run_shell_command', 'Run a shell command.', 'command', 'Shell command to execute'),
}
