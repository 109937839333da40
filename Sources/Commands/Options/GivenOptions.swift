/// Returns the options that have a value, as the user wrote them. With `--resume`, settings come from the run, so that
/// options for them are rejected.
///
/// - Parameter options: values by name, without dashes
func givenOptions(_ options: KeyValuePairs<String, Any?>) -> [String] {
  options.compactMap { name, value in value.map { $0 as? Bool == false ? "--no-\(name)" : "--\(name)" } }
}
