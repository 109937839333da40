import Testing
import Text

@Suite struct TextTests {
  @Test func nounsAgreeWithNumbers() {
    #expect([0, 1, 2].map { counted($0, "image") } == ["0 images", "1 image", "2 images"])
    #expect([1, 2].map { counted($0, "class", "classes") } == ["1 class", "2 classes"])
  }

  @Test func enumerationsEndWithConjunction() {
    #expect([].alternatives.isEmpty && ["a"].alternatives == "a" && ["a", "b"].alternatives == "a or b")
    #expect(["a", "b", "c"].alternatives == "a, b or c")
    #expect(["a", "b", "c"].joined(separator: "; ", last: " and ") == "a; b and c")
    #expect(["a", "b"].listed(atMost: 2) == "a, b" && ["a", "b", "c", "d"].listed(atMost: 2) == "a, b and 2 more")
  }

  @Test func tablesAlignColumns() {
    var table = TextTable([.left, .right], header: ["name", "n"])
    table.add(["é", "100"])
    table.add(["long name"])
    #expect(table.text == "name         n\né          100\nlong name")
  }

  @Test func longNamesAreShortenedInTheMiddle() {
    let name = "node-0123456789.example.org"
    #expect(name.shortened(to: 9) == "node….org" && name.shortened(to: 8) == "node…org")
    #expect((1...27).allSatisfy { name.shortened(to: $0).count == $0 })
    #expect(name.shortened(to: 1) == "…" && name.shortened(to: 27) == name && name.shortened(to: 80) == name)
    #expect("".shortened(to: 1).isEmpty && "été👕".shortened(to: 3) == "é…👕")
  }

  @Test func controlCharactersAreReplaced() {
    #expect("a\u{1B}[2J\r\nb\u{9B}".printable == "a\u{FFFD}[2J\u{FFFD}\u{FFFD}b\u{FFFD}")
    #expect("a\nb\tc".printableLines == "a\nb\u{FFFD}c")
    #expect("a\u{7F}".hasControlCharacters && !"é 👕".hasControlCharacters)
    #expect("<a href=\"x\">&'\0</a>".escapedForMarkup == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;␀&lt;/a&gt;")
  }

  @Test(
    arguments: [("lr", nil), ("tres", "trees"), ("dept", "depth"), ("treees", "trees"), ("xxxxx", nil), ("", nil)]
      as [(String, String?)])
  func nearestNameIsSuggested(word: String, name: String?) {
    #expect(word.nearest(among: ["trees", "depth", "learning-rate"]) == name)
    #expect(word.nearest(among: []) == nil)
    #expect("4".nearest(among: ["1", "3"]) == nil && "svm".nearest(among: ["cnn", "knn"]) == nil)
  }

  @Test func firstOfEquallyNearNamesIsSuggested() {
    #expect("bat".nearest(among: ["rat", "cat"]) == "cat")
  }

  @Test(arguments: [
    (0, "0"), (0.123456, "0.1235"), (-12.5, "−12.5"), (1234.56, "1,235"), (999_999, "999,999"), (1e9, "10⁹"),
    (1.5e-7, "1.5×10⁻⁷"), (.nan, "–"), (.infinity, "∞"), (-0.00001, "−10⁻⁵"),
  ]) func numbersAreShort(value: Double, text: String) { #expect(NumberText.compact(value) == text) }
}
