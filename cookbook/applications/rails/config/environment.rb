# As `rails new` writes it.

require_relative 'application'

Rails.application.initialize!
