# The cookbook that Test Kitchen and the double run.

name 'test'
maintainer 'The pgsidecar authors'
maintainer_email 'pgsidecar@example.com'
license 'Apache-2.0'
description 'An application as one would be deployed, and pgsidecar beside it'
version '0.1.0'
depends 'pgsidecar'
