// What scrolls sideways can be scrolled by keyboard.
const scrolling = "article pre, article .table-wrapper, article div.math, article .cell_output .output"
const reach = () => document.querySelectorAll(scrolling).forEach(part => {
  if (part.scrollWidth > part.clientWidth) part.tabIndex = 0
  else part.removeAttribute("tabindex")
})
reach()
addEventListener("load", reach)
addEventListener("resize", reach)

// Paper cannot be unfolded: hints and solutions are printed open. A widget's table of all its numbers stays away.
let opened = []
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("article details:not([open])")].filter(part => !part.closest(".metakit-widget"))
  opened.forEach(details => { details.open = true })
})
addEventListener("afterprint", () => opened.forEach(details => { details.open = false }))
