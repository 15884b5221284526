import type { Command } from '../command.ts';
import { bashScript } from '../completion/bash.ts';
import { completedCommands } from '../completion/words.ts';

export const completionBash: Command = {
  name: 'completion bash',
  synopsis:
    'Prints the script by which bash completes commands: eval "$(postern completion bash)" in ~/.bashrc turns it on.',
  options: {},
  required: [],
  flags: { json: 'as JSON: { shell, script }' },
  isWithoutData: true,
  async run() {
    const script = bashScript(await completedCommands());
    return { json: { shell: 'bash', script }, text: script.trimEnd() };
  },
};
