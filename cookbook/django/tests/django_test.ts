// The guide for Django, as it stands on its page.

import { describeGuide, missingModules, urlBefore } from '../../pages/guide.ts';

describeGuide({
  folder: 'django',
  missing: missingModules('django', 'dj_database_url', 'psycopg2'),
  file: '/srv/shop/.env',
  before: (password) => `DATABASE_URL='${urlBefore(password, 'postgres')}'\nDEBUG=0\n`,
});
