class Good < ApplicationRecord
  has_many :orders
end
