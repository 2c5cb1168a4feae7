#!/bin/sh
# `make install` and `make uninstall`. Arguments: install or uninstall, the source folder.
# Environment: DESTDIR (a prefix for every path; nothing outside it is touched), PREFIX, PYTHON.
#
# What was put is written down in $OPT/manifest, one a line: "f PATH" a file or link, "e PATH" a file under /etc that
# people edit, "d PATH" a folder that was not there before. Uninstalling takes away exactly that.
set -eu
umask 022

DESTDIR=${DESTDIR:-}
DESTDIR=${DESTDIR%/}
PREFIX=${PREFIX:-/usr/local}
PREFIX=${PREFIX%/}
PYTHON=${PYTHON:-/usr/bin/python3}
NAME=runtime-supervisor
OBSERVER=$NAME-observer
OPT=/opt/$NAME
MANIFEST=$DESTDIR$OPT/manifest

# Units below /usr/local/lib: "software that the administrator installed", so that /etc/systemd stays the operator's own
# (`systemctl edit`, `revert` and `mask` work as with a package). Where systemd would not look below PREFIX: the same.
case $PREFIX in
/usr | "") LIB=/usr/lib ;;
*) LIB=/usr/local/lib ;;
esac

say() { printf '%s\n' "$*"; }
refuse() {
    printf '%s\n' "cannot $action: $*" >&2
    exit 1
}

note() { # note KIND PATH: into the new manifest, once
    grep -qxF "$1 $2" "$work/manifest" || printf '%s\n' "$1 $2" >>"$work/manifest"
}

folder() { # folder PATH: make it, and remember those that were not there
    [ "$1" = / ] || [ -d "$DESTDIR$1" ] && return
    folder "$(dirname "$1")"
    mkdir "$DESTDIR$1"
    note d "$1"
}

put() { # put SOURCE PATH: a file that is ours to replace
    folder "$(dirname "$2")"
    install -m 644 "$1" "$DESTDIR$2"
    note f "$2"
}

put_config() { # put_config SOURCE PATH: a file that people edit; replaced only while it is as we left it
    pristine=$OPT/defaults/$(basename "$2")
    folder "$(dirname "$2")"
    if [ ! -e "$DESTDIR$2" ] || cmp -s "$DESTDIR$2" "$DESTDIR$pristine"; then
        install -m 644 "$1" "$DESTDIR$2"
    elif ! cmp -s "$DESTDIR$2" "$1"; then
        say "kept as edited: $DESTDIR$2 (the default is $pristine)"
    fi
    put "$1" "$pristine"
    note e "$2"
}

# The environment is built aside and moved into place whole, so that a running daemon never meets half of one. The
# paths in it are those of its last place, whatever DESTDIR says.
build_environment() {
    final=$OPT/venv
    new=$work/root$final
    mkdir "$work/source" "$work/wheels"
    # A copy: building writes beside the sources, and what an earlier build left there must not come along.
    (cd "$source" && cp -R pyproject.toml README.md LICENSE supervisor "$work/source/")
    find "$work/source" -name __pycache__ -prune -exec rm -rf {} +
    "$PYTHON" -m venv "$work/tools"
    pip="$work/tools/bin/python -m pip --quiet --disable-pip-version-check --no-input"
    export PIP_CONSTRAINT="$source/config/constraints.txt" PIP_ROOT_USER_ACTION=ignore
    $pip wheel --wheel-dir "$work/wheels" "$work/source"
    "$PYTHON" -m venv --without-pip "$new"
    $pip --python "$new/bin/python" install --no-compile --no-index --find-links "$work/wheels" $NAME
    # Only the command and the interpreter: the rest of bin/ belongs to the libraries, or to interactive use.
    find "$new/bin" -type f ! -name $NAME -delete
    sed -i "1s|^#!.*|#!$final/bin/python|" "$new/bin/$NAME"
    sed -i "s|$work/root||g" "$new/pyvenv.cfg"
    # Nobody may write there later; by hash, since copying a DESTDIR may change the times.
    "$PYTHON" -m compileall -q --invalidation-mode unchecked-hash -s "$work/root" -p / "$new/lib"
    chmod -R go=u,go-w "$new"
    folder $OPT
    rm -rf "$DESTDIR$final.old"
    rm -rf "$DESTDIR$final.new"
    cp -R --preserve=mode,timestamps,links "$new" "$DESTDIR$final.new"
    [ ! -e "$DESTDIR$final" ] || mv "$DESTDIR$final" "$DESTDIR$final.old"
    mv "$DESTDIR$final.new" "$DESTDIR$final"
    rm -rf "$DESTDIR$final.old"
}

check_python() {
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        refuse "$PYTHON is no Python 3.11 or newer; name one with PYTHON=/path/to/python3"
    "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null ||
        refuse "$PYTHON has no venv; on Debian: apt-get install python3-venv"
    interpreter=$("$PYTHON" -c 'import os, sys; print(os.path.realpath(sys._base_executable))')
    case $interpreter in
    /root/* | /home/* | /run/user/* | /tmp/*)
        refuse "$interpreter is where the unit's ProtectHome= hides it; name another with PYTHON=/path/to/python3" ;;
    esac
}

live() { [ -z "$DESTDIR" ]; }
systemd_runs() { live && [ -d /run/systemd/system ]; }

install_all() {
    check_python
    ! live || [ "$(id -u)" -eq 0 ] || refuse "this needs root; into another folder with DESTDIR=/path"
    [ -z "$DESTDIR" ] || mkdir -p "$DESTDIR"
    folder $OPT
    build_environment

    folder "$PREFIX/bin"
    ln -sfn $OPT/venv/bin/$NAME "$DESTDIR$PREFIX/bin/$NAME"
    note f "$PREFIX/bin/$NAME"
    put "$here/$NAME.service" $LIB/systemd/system/$NAME.service
    put "$here/$OBSERVER.service" $LIB/systemd/system/$OBSERVER.service
    put "$here/$NAME-logrotate.service" $LIB/systemd/system/$NAME-logrotate.service
    put "$here/$NAME-logrotate.timer" $LIB/systemd/system/$NAME-logrotate.timer
    put "$here/$NAME.sysusers.conf" $LIB/sysusers.d/$NAME.conf
    put "$here/$NAME.tmpfiles.conf" $LIB/tmpfiles.d/$NAME.conf
    put "$here/notify-reload.conf" "$OPT/notify-reload.conf"
    put_config "$source/config/supervisor.yaml" /etc/$NAME/supervisor.yaml
    put_config "$source/config/observer.yaml" /etc/$NAME/observer.yaml
    put_config "$here/$NAME.logrotate" /etc/$NAME/logrotate.conf
    # systemd-tmpfiles makes it; taken away again only if it is empty then.
    for made in /opt/homelab /opt/homelab/hosts /opt/homelab/world; do
        ! live || [ -d "$made" ] || note d "$made"
    done

    # What an older version put and this one does not.
    if [ -f "$MANIFEST" ]; then
        while read -r kind path; do
            case $kind in
            d) note d "$path" ;;
            f) grep -qxF "f $path" "$work/manifest" || rm -f "$DESTDIR$path" ;;
            esac
        done <"$MANIFEST"
    fi
    install -m 644 "$work/manifest" "$MANIFEST"

    live || { say "installed below $DESTDIR"; return; }
    command -v systemd-sysusers >/dev/null || refuse "there is no systemd-sysusers: without systemd there is no service"
    systemd-sysusers $NAME.conf
    systemd-tmpfiles --create $NAME.conf
    say "installed. Next:"
    if systemd_runs; then
        systemctl daemon-reload
        if systemctl --quiet is-active $NAME.service; then
            say "  systemctl restart $NAME      # the old version is still running"
        else
            say "  $NAME inventory init --from-compose FILE ...   # what should run: /opt/homelab/hosts/NODE/services.yaml"
            say "  systemctl enable --now $OBSERVER   # what does run: /opt/homelab/world"
            say "  systemctl enable --now $NAME"
            return
        fi
        ! systemctl --quiet is-active $OBSERVER.service || say "  systemctl restart $OBSERVER"
    else
        say "  systemctl enable $NAME       # systemd does not run here; it starts with the system"
    fi
    say "  systemctl status $NAME"
}

uninstall_all() {
    [ -f "$MANIFEST" ] || { say "nothing of $NAME is installed${DESTDIR:+ below $DESTDIR}"; return; }
    ! live || [ "$(id -u)" -eq 0 ] || refuse "this needs root"
    if systemd_runs; then
        systemctl --quiet disable --now $NAME.service $NAME-logrotate.timer $OBSERVER.service 2>/dev/null || true
        systemctl --quiet stop $NAME-logrotate.service 2>/dev/null || true
    elif live && command -v systemctl >/dev/null; then
        systemctl --quiet disable $NAME.service $OBSERVER.service 2>/dev/null || true
    fi
    cp "$MANIFEST" "$work/manifest"
    while read -r kind path; do
        case $kind in
        f) [ "${path#"$OPT"/}" != "$path" ] || rm -f "$DESTDIR$path" ;;
        e)
            if cmp -s "$DESTDIR$path" "$DESTDIR$OPT/defaults/$(basename "$path")"; then
                rm -f "$DESTDIR$path"
            elif [ -e "$DESTDIR$path" ]; then
                say "kept as edited: $DESTDIR$path"
            fi ;;
        esac
    done <"$work/manifest"
    rm -rf "$DESTDIR$OPT/venv" "$DESTDIR$OPT/defaults" "$DESTDIR$OPT/notify-reload.conf" "$MANIFEST"
    # The state of the rotation, which its unit made.
    if [ -d "$DESTDIR/var/lib/$NAME" ]; then
        rm -f "$DESTDIR/var/lib/$NAME/logrotate.state"
        rmdir "$DESTDIR/var/lib/$NAME" 2>/dev/null || true
    fi
    # Innermost first; those that others use by now are not empty, and stay.
    sed -n 's/^d //p' "$work/manifest" | LC_ALL=C sort -r | while read -r path; do
        rmdir "$DESTDIR$path" 2>/dev/null || true
    done
    if systemd_runs; then
        systemctl daemon-reload
        systemctl reset-failed $OBSERVER.service $NAME.service $NAME-logrotate.service $NAME-logrotate.timer 2>/dev/null || true
    fi
    # Never given to somebody else later, while files in /tmp and backups still carry its number.
    ! live || ! getent passwd $NAME >/dev/null ||
        say "kept: the user $NAME, who owns the files in /tmp (userdel $NAME)"
    ! live || ! getent passwd $OBSERVER >/dev/null ||
        say "kept: the user $OBSERVER, who owns what it wrote (userdel $OBSERVER)"
}

action=${1:?install or uninstall}
source=$(cd "${2:?the source folder}" && pwd)
here=$source/systemd
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
: >"$work/manifest"
case $action in
install) install_all ;;
uninstall) uninstall_all ;;
*) refuse "it is no action" ;;
esac
