extension Plot {
  package var summary: String { "" }
  package var svg: SVG { SVG(width: 1, height: 1, title: title, summary: summary, content: []) }
}
extension Axis { var title: String { name } }
extension Double { var coordinate: String { "\(self)" } }
enum PlotStyle { static let sheet = Markup() }
enum PageStyle { static let sheet = Markup() }
