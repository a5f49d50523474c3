// Runs a program for the packaging, and says all that it printed when it fails.

export function run(command: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], {
    cwd,
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}:\n${stdout}${stderr}`);
  return stdout.toString();
}
