// Reads settings from the process environment: PGSIDECAR_POOL_MODE is pool_mode.

import { type Problem, problem } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import type { Located, SourceIo, SourceReading } from '../source.ts';
import { isSettingName, SETTING_NAMES } from '../table.ts';

const PREFIX = 'PGSIDECAR_';
/** PGSIDECAR_ variables that are no settings: the file to read is said by this one. */
export const CONFIG_VARIABLE = 'PGSIDECAR_CONFIG';
/** What frameworks have for "which section of my configuration", in the order in which they are asked. */
const FRAMEWORK_VARIABLES = ['RAILS_ENV', 'RACK_ENV', 'APP_ENV', 'NODE_ENV'] as const;

/** An empty variable says nothing: that is what a template without a value leaves behind. */
export function readEnvironment(env: SourceIo['env']): SourceReading {
  const settings: Record<string, Located> = {};
  const problems: Problem[] = [];
  for (const key of Object.keys(env).sort()) {
    const value = env[key];
    if (!key.startsWith(PREFIX) || key === CONFIG_VARIABLE || value === undefined || value === '') continue;
    const name = key.slice(PREFIX.length).toLowerCase();
    const origin = { place: 'environment', key };
    if (isSettingName(name)) {
      settings[name] = { value, origin };
      continue;
    }
    // A warning: Kubernetes makes PGSIDECAR_SERVICE_HOST out of a service that is named pgsidecar.
    const meant = nearest(name, SETTING_NAMES);
    const advice =
      meant === undefined ? 'it is passed over' : `did you mean "${PREFIX}${meant.toUpperCase()}"?`;
    problems.push(problem('warning', 'setting_unknown', { setting: key, advice }, { place: 'environment' }));
  }
  return { format: 'environment', databases: [], settings, problems, files: [] };
}

/** The framework's own word for `environment`; weaker than every place that names pgsidecar's setting itself. */
export function readFrameworkEnvironment(env: SourceIo['env']): SourceReading {
  const key = FRAMEWORK_VARIABLES.find((each) => (env[each] ?? '') !== '');
  const settings: Record<string, Located> =
    key === undefined ? {} : { environment: { value: env[key], origin: { place: 'environment', key } } };
  return { format: 'environment', databases: [], settings, problems: [], files: [] };
}
