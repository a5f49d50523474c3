# The shop: Rails with the defaults of its version, without the parts that show something in a browser.

require 'logger'
require 'rails'
require 'active_record/railtie'
require 'action_cable/engine'

module Shop
  class Application < Rails::Application
    config.load_defaults 6.1
    config.root = File.expand_path('..', __dir__)
    config.eager_load = true
    config.logger = Logger.new($stderr)
    config.log_level = :fatal
    config.cache_store = :null_store
    config.secret_key_base = SecureRandom.hex(32)
    config.active_record.dump_schema_after_migration = false
  end
end
