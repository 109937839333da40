/// Returns a number with a noun in the singular or plural: `1 block`, `2 blocks`.
package func counted(_ count: Int, _ noun: String) -> String { counted(count, noun, "\(noun)s") }

/// Returns a number with a noun whose plural does not end in "s": `1 class`, `2 classes`.
package func counted(_ count: Int, _ one: String, _ many: String) -> String { "\(count) \(count == 1 ? one : many)" }
