// The guide for Flask, as it stands on its page.

import { describeGuide, missingModules, urlBefore } from '../../pages/guide.ts';

describeGuide({
  folder: 'flask',
  missing: missingModules('flask', 'flask_sqlalchemy', 'psycopg2'),
  file: '/srv/shop/.env',
  before: (password) => `FLASK_ENV=production\nDATABASE_URL='${urlBefore(password)}'\n`,
});
