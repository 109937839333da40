/// Those options that have a value, as the user wrote them: what a run that goes on says itself, no option may say again.
///
/// - Parameter options: by name, without dashes
func givenOptions(_ options: KeyValuePairs<String, Any?>) -> [String] {
  options.compactMap { name, value in value.map { $0 as? Bool == false ? "--no-\(name)" : "--\(name)" } }
}
