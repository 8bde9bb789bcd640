#!/bin/sh
# test_locale.sh: numbers in a locale with a decimal comma. The script makes the locale, which may not be installed.
set -eu
command -v localedef >/dev/null && [ -e /usr/share/i18n/locales/de_DE ] || exit 77
export LOCPATH="$TACET_BUILD/locale"
mkdir -p "$LOCPATH"
[ -d "$LOCPATH/de_DE.UTF-8" ] || localedef -i de_DE -f UTF-8 "$LOCPATH/de_DE.UTF-8"
output=$("$TACET_BUILD/tests/test_base" 2>&1) || { echo "$output"; exit 1; }
case $output in
*SKIPPED*) echo "$output"; echo "the locale was not used"; exit 1 ;;
esac
