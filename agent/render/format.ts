// THE table of outputs: what `render --format` can make, and the files that it makes.

import type { Settings } from '../config/settings.ts';
import type { Library } from './libraries.ts';
import { renderNative } from './native.ts';
import { renderPgbouncer } from './pgbouncer.ts';
import type { WantedFile } from './plan.ts';
import { renderEnv, renderUrls } from './urls.ts';

export interface RenderWishes {
  /** Who reads the URLs. */
  readonly library: Library;
  /** Where the files will be, absolute; empty when they are only shown. */
  readonly directory: string;
  /** A file with the machine's own CAs, for programs that know no `system`. */
  readonly systemCaFile: string;
  /** For pgbouncer: in the words of newer ones than 1.18. */
  readonly newer?: boolean;
  /** The settings were read from a pgbouncer.ini. */
  readonly fromIni?: boolean;
}

type Render = (settings: Settings, wishes: RenderWishes) => readonly WantedFile[];

export const FORMATS = {
  native: (settings) => renderNative(settings),
  pgbouncer: renderPgbouncer,
  env: (settings, { library }) => renderEnv(settings, library),
  url: (settings, { library }) => renderUrls(settings, library),
} as const satisfies Record<string, Render>;

export type Format = keyof typeof FORMATS;

/** Throws value_unrenderable and url_impossible: nothing is written that would mean something else. */
export function renderFiles(format: Format, settings: Settings, wishes: RenderWishes): readonly WantedFile[] {
  const render: Render = FORMATS[format];
  return render(settings, wishes);
}
