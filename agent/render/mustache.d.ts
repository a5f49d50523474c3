// Templates are imported as text, so that the single executable carries them: `import x from '….mustache' with { type: 'text' }`.

declare module '*.mustache' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: this is how a bundler hands over a file that is no module
  export default text;
}
