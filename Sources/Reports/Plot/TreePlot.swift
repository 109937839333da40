/// The path of one image through a decision tree, from the root down to a leaf.
package struct TreePlot: Plot {
  package struct Branch: Sendable, Equatable {
    /// What it says of the image: "yes" or "no", as the answer to the test.
    package var answer: String
    /// Training images that went this way.
    package var images: Int

    package init(_ answer: String, images: Int) { (self.answer, self.images) = (answer, images) }
  }

  package struct Step: Sendable, Equatable {
    /// As "row 12, column 7 ≤ 83".
    package var test: String
    /// What the image has there, as "120".
    package var value: String
    /// Training images that came here, by class.
    package var counts: [Int]
    package var taken: Branch
    package var other: Branch
    /// The way that is taken is the tree's left one.
    package var takesLeft: Bool

    package init(test: String, value: String, counts: [Int], taken: Branch, other: Branch, takesLeft: Bool) {
      (self.test, self.value, self.counts) = (test, value, counts)
      (self.taken, self.other, self.takesLeft) = (taken, other, takesLeft)
    }
  }

  package var title: String
  package var classes: [String]
  /// From the root on.
  package var steps: [Step]
  /// Training images in the leaf, by class.
  package var leaf: [Int]

  package init(_ title: String, classes: [String], steps: [Step], leaf: [Int]) {
    precondition(
      leaf.count == classes.count && steps.allSatisfy { $0.counts.count == classes.count }, "a count for each class")
    (self.title, self.classes, self.steps, self.leaf) = (title, classes, steps, leaf)
  }
}
