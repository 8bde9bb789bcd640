/* page_style.h: the style sheet of a page. */
#ifndef CLI_PAGE_STYLE_H
#define CLI_PAGE_STYLE_H

extern const char cli_page_style[];

#endif
