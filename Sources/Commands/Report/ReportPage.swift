internal import Compute

/// The parts that all pages have in common.
enum ReportPage {
  static let footer =
    "Made by Atelier \(atelierVersion). Every number on this page was computed from the data and models named on it."
}
