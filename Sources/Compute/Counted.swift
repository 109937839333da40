/// Returns a number with a noun in the singular or plural: `1 block`, `2 blocks`.
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
