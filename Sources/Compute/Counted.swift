/// A number with what it counts: `1 block`, `2 blocks`.
package func counted(_ count: Int, _ noun: String) -> String { counted(count, noun, "\(noun)s") }

/// The same, for nouns whose plural is not formed by an s.
package func counted(_ count: Int, _ one: String, _ many: String) -> String { "\(count) \(count == 1 ? one : many)" }
