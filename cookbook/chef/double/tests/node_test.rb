# The node of the double: defaults, what is given over them, and nothing that a recipe could change in place.

require_relative 'helper'

class NodeTest < Minitest::Test
  include DoubleHelper

  def test_node_attributes_are_defaults_and_what_is_given_and_cannot_be_changed
    in_folder do |folder|
      path = File.join(folder, 'default.rb')
      File.write(path, "default['a']['b'] = 1\ndefault['a']['c'] = [1]\n")
      node = Chef::Node.new(platform_family: 'debian', given: { 'a' => { 'b' => 2 } })
      node.load_attributes(path)
      assert_equal [2, [1]], [node['a']['b'], node.read('a', 'c')]
      assert_raises(FrozenError) { node['a']['c'] << 2 }
    end
  end
end
