# What Test Kitchen and ChefSpec run: this cookbook and its test cookbook.

name 'pgsidecar'
default_source :supermarket
run_list 'test::default'

cookbook 'pgsidecar', path: '.'
cookbook 'test', path: 'test/cookbooks/test'

named_run_list :default, 'test::default'
named_run_list :text, 'test::text'
named_run_list :instances, 'test::instances'
