# What Chef has to know of this cookbook.

name 'pgsidecar'
maintainer 'The pgsidecar authors'
maintainer_email 'pgsidecar@example.com'
license 'Apache-2.0'
description 'Installs, configures and runs pgsidecar, the PostgreSQL connection pooler beside the application'
version '0.1.0'
chef_version '>= 17.0'

supports 'debian', '>= 12.0'
supports 'ubuntu', '>= 22.04'
supports 'redhat', '>= 9.0'
supports 'centos_stream', '>= 9.0'
supports 'rocky', '>= 9.0'
supports 'almalinux', '>= 9.0'
supports 'amazon', '>= 2023.0'
