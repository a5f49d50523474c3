# Properties of the double hold what Chef's do: types, defaults, coercion, lazy values, and complaints without secrets.

require_relative 'helper'

class PropertyTest < Minitest::Test
  include DoubleHelper

  def made(**options, &block)
    kinds = options.delete(:kinds)
    type = resource_type do
      kinds ? property(:thing, kinds, **options) : property(:thing, **options)
      class_eval(&block) if block
    end
    Chef::Resource.table.fetch(type).new('one', nil)
  end

  def test_a_value_of_another_type_is_refused
    error = assert_raises(Chef::Exceptions::ValidationFailed) { made(kinds: String).thing(5) }
    assert_includes error.message, 'You passed 5'
  end

  def test_a_secret_of_another_type_is_refused_without_being_shown
    error = assert_raises(Chef::Exceptions::ValidationFailed) { made(kinds: Integer, sensitive: true).thing('hush') }
    refute_includes error.message, 'hush'
  end

  def test_an_option_that_chef_does_not_have_is_refused
    assert_raises(ArgumentError) { made(kinds: String, defualt: 'x') }
  end

  def test_the_name_of_a_method_of_every_resource_is_refused
    type = resource_type { nil }
    assert_raises(ArgumentError) { Chef::Resource.table.fetch(type).property(:notifies, String) }
  end

  def test_a_block_is_refused
    assert_raises(RuntimeError) { made(kinds: String).thing { 'x' } }
  end

  def test_a_lazy_value_is_called_at_each_get_and_coerced
    calls = 0
    resource = made(kinds: String, coerce: proc { |value| value.upcase })
    resource.thing(Chef::DelayedEvaluator.new { calls += 1 and 'x' })
    assert_equal 0, calls
    assert_equal %w(X X), [resource.thing, resource.thing]
    assert_equal 2, calls
  end

  def test_a_lazy_default_sees_the_resource_and_does_not_count_as_set_while_it_is_frozen
    resource = made(kinds: String, default: Chef::DelayedEvaluator.new { "of #{name}".freeze })
    assert_equal 'of one', resource.thing
    refute resource.property_is_set?(:thing)
  end

  def test_two_resources_do_not_share_a_default
    type = resource_type { property :thing, Hash, default: {} }
    kind = Chef::Resource.table.fetch(type)
    first = kind.new('a', nil)
    first.thing['x'] = 1
    assert_empty kind.new('b', nil).thing
  end

  def test_callbacks_regex_and_choices_are_asked
    assert_raises(Chef::Exceptions::ValidationFailed) { made(kinds: String, callbacks: { 'is short' => ->(text) { text.size < 3 } }).thing('long') }
    assert_raises(Chef::Exceptions::ValidationFailed) { made(kinds: String, regex: /\Aa/).thing('b') }
    assert_raises(Chef::Exceptions::ValidationFailed) { made(kinds: String, equal_to: %w(a)).thing('b') }
  end
end
